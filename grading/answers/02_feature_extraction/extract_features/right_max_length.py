def extract_features(texts, encoder, tokenizer, batch_size=32, cache=None):
    if cache is None:
        cache = {}
    todo = sorted(dict.fromkeys(t for t in texts if t not in cache), key=lambda t: len(tokenizer.tokenize(t)))
    batches = [todo[i : i + batch_size] for i in range(0, len(todo), batch_size)]
    for part in tqdm(batches, leave=False):
        batch = tokenizer(part, padding=True, truncation=True, max_length=256, return_tensors="pt")
        with torch.no_grad():
            hidden = encoder(batch["input_ids"], batch["attention_mask"])[0]
        mask = batch["attention_mask"][:, :, None]
        for text, vector in zip(part, (hidden * mask).sum(1) / mask.sum(1)):
            cache[text] = vector
    return torch.stack([cache[t] for t in texts])
