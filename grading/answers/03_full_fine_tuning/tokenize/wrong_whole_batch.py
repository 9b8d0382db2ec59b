# hint: whole_batch
def tokenize(batch, tokenizer, max_length=128):
    return tokenizer(batch, truncation=True, max_length=max_length)
