"""Hugging Face's own search with W&B's sweeps behind it: Trainer.hyperparameter_search(backend="wandb")."""

from __future__ import annotations

from sklearn.datasets import load_digits
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

x, y = load_digits(return_X_y=True)
rows = [{"input_ids": pixels.astype(int), "labels": int(label)} for pixels, label in zip(x, y, strict=True)]
config = BertConfig(
    vocab_size=17,
    hidden_size=32,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=64,
    num_labels=10,
)
trainer = Trainer(
    args=TrainingArguments(
        "out",
        report_to="wandb",
        num_train_epochs=1,
        logging_steps=5,
        eval_strategy="epoch",
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
    ),
    model_init=lambda: BertForSequenceClassification(config),
    train_dataset=rows[:160],
    eval_dataset=rows[-200:],
)
best = trainer.hyperparameter_search(
    backend="wandb",
    direction="minimize",
    n_trials=2,
    project="integrations",
    hp_space=lambda trial: {
        "method": "random",
        "metric": {"name": "eval/loss", "goal": "minimize"},
        "parameters": {"learning_rate": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-2}},
    },
)
print(f"BEST {best.run_id} {best.objective} {best.hyperparameters['learning_rate']}")
