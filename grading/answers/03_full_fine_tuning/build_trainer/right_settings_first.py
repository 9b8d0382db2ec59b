def build_trainer(
    model, tokenizer, train, test, *, learning_rate, epochs, batch_size, seed, **options
):
    arguments = TrainingArguments(**options)
    arguments.output_dir = tempfile.mkdtemp()
    arguments.learning_rate, arguments.num_train_epochs = learning_rate, epochs
    arguments.per_device_train_batch_size, arguments.seed = batch_size, seed
    arguments.warmup_steps, arguments.save_strategy = 0.1, "no"
    arguments.train_sampling_strategy = "group_by_length"
    collator = DataCollatorWithPadding(tokenizer, padding="longest")
    return Trainer(model, arguments, collator, train, test, compute_metrics=compute_metrics)
