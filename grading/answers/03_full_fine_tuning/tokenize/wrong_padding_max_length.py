# hint: padded
def tokenize(batch, tokenizer, max_length=128):
    return tokenizer(batch["text"], truncation=True, padding="max_length", max_length=max_length)
