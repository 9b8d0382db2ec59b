def tokenize(batch, tokenizer, max_length=128):
    encoded = tokenizer(list(batch["text"]), truncation="longest_first", max_length=max_length, padding=False)
    return {**encoded, "labels": batch["label"]}
