"""Messages as files in a folder that both sides see, where no network leads from one to the other."""

from besom.post.boxes import Box, Post, folder_of
from besom.post.letters import Letter
from besom.post.pulse import Heart, Pulse, Sign
from besom.post.sender import Reply, Sender

__all__ = ["Box", "Heart", "Letter", "Post", "Pulse", "Reply", "Sender", "Sign", "folder_of"]
