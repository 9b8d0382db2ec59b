# hint: no_special_tokens
def tokenize(batch, tokenizer, max_length=128):
    return tokenizer(
        batch["text"], truncation=True, max_length=max_length, add_special_tokens=False
    )
