# hint: other_model
def build_trainer(
    model, tokenizer, train, test, *, learning_rate, epochs, batch_size, seed, **options
):
    arguments = TrainingArguments(
        output_dir="results",
        learning_rate=learning_rate,
        num_train_epochs=epochs,
        per_device_train_batch_size=batch_size,
        seed=seed,
        warmup_steps=0.1,
        train_sampling_strategy="group_by_length",
        save_strategy="no",
        **options,
    )
    fresh = type(model)(model.config)  # random weights
    trainer = Trainer(
        model=fresh,
        args=arguments,
        train_dataset=train,
        eval_dataset=test,
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=compute_metrics,
    )
    return trainer
