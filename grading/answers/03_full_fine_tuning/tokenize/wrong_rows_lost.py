# hint: rows
def tokenize(batch, tokenizer, max_length=128):
    texts = [text for text in batch["text"] if len(text.split()) > 2]
    return tokenizer(texts, truncation=True, max_length=max_length)
