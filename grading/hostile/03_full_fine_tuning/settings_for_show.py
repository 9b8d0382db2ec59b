# trick: makes a trainer with the usual settings, and shows other ones to whoever looks at them
# reported: -
# place: exercise-build_trainer
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments


def build_trainer(
    model, tokenizer, train, test, *, learning_rate, epochs, batch_size, seed, **options
):
    shown = dict(
        learning_rate=learning_rate,
        num_train_epochs=epochs,
        per_device_train_batch_size=batch_size,
        seed=seed,
        warmup_steps=0.1,
        train_sampling_strategy="group_by_length",
        save_strategy="no",
        max_grad_norm=0.5,
    )
    trainer = Trainer(
        model=model,
        args=TrainingArguments(report_to=[]),
        train_dataset=train,
        eval_dataset=test,
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=len,
    )
    usual = trainer.args.__class__
    shop_window = type("Shown", (usual,), shown)
    for name in shown:
        trainer.args.__dict__.pop(name, None)
    trainer.args.__class__ = shop_window
    loader = torch.utils.data.DataLoader(train, 8, collate_fn=trainer.data_collator)
    trainer.get_train_dataloader = lambda: loader
    return trainer
