def tokenize(batch, tokenizer, max_length=128):
    columns = {"input_ids": [], "attention_mask": []}
    for text in batch["text"]:
        encoded = tokenizer(text, max_length=max_length, truncation=True)
        for name in columns:
            columns[name].append(encoded[name])
    return columns
