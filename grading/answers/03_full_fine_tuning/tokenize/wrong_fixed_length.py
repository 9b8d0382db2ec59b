# hint: too_short
def tokenize(batch, tokenizer, max_length=128):
    return tokenizer(batch["text"], truncation=True, max_length=8)
