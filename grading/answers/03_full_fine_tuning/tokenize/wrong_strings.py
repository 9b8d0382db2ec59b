# hint: not_a_list
def tokenize(batch, tokenizer, max_length=128):
    encoded = tokenizer(batch["text"], truncation=True, max_length=max_length)
    return {name: str(rows) for name, rows in encoded.items()}
