def extract_features(texts, encoder, tokenizer, batch_size=32, cache=None):
    known = cache if cache is not None else {}
    todo = sorted(set(texts) - set(known), key=lambda text: len(text.split()), reverse=True)
    while todo:
        part, todo = todo[:batch_size], todo[batch_size:]
        batch = tokenizer(part, padding="longest", truncation=True, return_tensors="pt")
        with torch.no_grad():
            vectors = pool(encoder(**batch), batch["attention_mask"], "mean")
        for text, vector in zip(part, vectors):
            known[text] = vector
    result = torch.empty(len(texts), encoder.config.hidden_size)
    for row, text in enumerate(texts):
        result[row] = known[text]
    return result
