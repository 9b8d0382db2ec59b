# hint: other_ids
def tokenize(batch, tokenizer, max_length=128):
    texts = sorted(batch["text"], key=len)
    return tokenizer(texts, truncation=True, max_length=max_length)
