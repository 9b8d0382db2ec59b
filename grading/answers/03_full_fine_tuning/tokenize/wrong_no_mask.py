# hint: missing_column
def tokenize(batch, tokenizer, max_length=128):
    encoded = tokenizer(batch["text"], truncation=True, max_length=max_length)
    return {"input_ids": encoded["input_ids"]}
