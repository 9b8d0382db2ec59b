# hint: raised
def extract_features(texts, encoder, tokenizer, batch_size=32, cache=None):
    cache = {} if cache is None else cache
    missing = sorted({text for text in texts if text not in cache}, key=len)
    with torch.inference_mode():
        for start in range(0, len(missing), 1):
            part = missing[start : start + 1]
            batch = tokenizer(part, padding=True, truncation=True, return_tensors="pt")
            vectors = pool(encoder(batch), batch["attention_mask"], "mean")
            cache.update(zip(part, vectors))
    return torch.stack([cache[text] for text in texts])
