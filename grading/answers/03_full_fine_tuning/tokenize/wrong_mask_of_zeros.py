# hint: mask
def tokenize(batch, tokenizer, max_length=128):
    encoded = tokenizer(batch["text"], truncation=True, max_length=max_length)
    return {**encoded, "attention_mask": [[0] * len(row) for row in encoded["input_ids"]]}
