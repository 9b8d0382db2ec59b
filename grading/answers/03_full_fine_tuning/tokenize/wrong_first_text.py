# hint: one_text
def tokenize(batch, tokenizer, max_length=128):
    return dict(tokenizer(batch["text"][0], truncation=True, max_length=max_length))
