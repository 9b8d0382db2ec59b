# hint: order
def extract_features(texts, encoder, tokenizer, batch_size=32, cache=None):
    cache, rows = ({} if cache is None else cache), []
    missing = sorted((text for text in texts if text not in cache), key=len)
    with torch.inference_mode():
        for start in range(0, len(missing), batch_size):
            part = missing[start : start + batch_size]
            batch = tokenizer(part, padding=True, truncation=True, return_tensors="pt")
            vectors = pool(encoder(**batch), batch["attention_mask"], "mean")
            rows.append(vectors)
    return torch.cat(rows)
