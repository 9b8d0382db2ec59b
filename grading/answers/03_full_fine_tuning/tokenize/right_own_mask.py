def tokenize(batch, tokenizer, max_length=128):
    ids = [tokenizer.encode(text, truncation=True, max_length=max_length) for text in batch["text"]]
    return {"input_ids": ids, "attention_mask": [[1] * len(row) for row in ids]}
