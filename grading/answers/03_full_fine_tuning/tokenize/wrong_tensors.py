# hint: tensors
def tokenize(batch, tokenizer, max_length=128):
    return tokenizer(batch["text"], truncation=True, max_length=max_length, return_tensors="pt")
