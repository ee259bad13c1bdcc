"""A tiny BERT that reads digits, pixel by pixel, by Hugging Face's Trainer with report_to="wandb"."""

from __future__ import annotations

import argparse

from sklearn.datasets import load_digits
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

parser = argparse.ArgumentParser()
parser.add_argument("--learning_rate", type=float, default=1e-3)
parser.add_argument("--per_device_train_batch_size", type=int, default=32)
args = parser.parse_args()

x, y = load_digits(return_X_y=True)
rows = [{"input_ids": pixels.astype(int), "labels": int(label)} for pixels, label in zip(x, y, strict=True)]
model = BertForSequenceClassification(
    BertConfig(
        vocab_size=17,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=10,
    )
)
trainer = Trainer(
    model,
    TrainingArguments(
        "out",
        report_to="wandb",
        num_train_epochs=2,
        logging_steps=5,
        eval_strategy="epoch",
        save_strategy="epoch",
        use_cpu=True,
        disable_tqdm=True,
        **vars(args),
    ),
    train_dataset=rows[:320],
    eval_dataset=rows[-200:],
    compute_metrics=lambda told: {"accuracy": float((told.predictions.argmax(-1) == told.label_ids).mean())},
)
trainer.train()
trainer.evaluate()
