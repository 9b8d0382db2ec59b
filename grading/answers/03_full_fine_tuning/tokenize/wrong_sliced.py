# hint: end_cut_off
def tokenize(batch, tokenizer, max_length=128):
    encoded = tokenizer(batch["text"])
    return {name: [row[:max_length] for row in rows] for name, rows in encoded.items()}
