@torch.inference_mode()
def extract_features(texts, encoder, tokenizer, batch_size=32, cache=None):
    cache = {} if cache is None else cache
    lengths = [len(ids) for ids in tokenizer(texts, truncation=True)["input_ids"]]
    order = [i for i in np.argsort(lengths) if texts[i] not in cache]
    for k in range(0, len(order), batch_size):
        rows = order[k : k + batch_size]
        batch = tokenizer([texts[i] for i in rows], padding=True, truncation=True, return_tensors="pt")
        hidden = encoder(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        for i, vector in zip(rows, (hidden * mask).sum(1) / mask.sum(1)):
            cache[texts[i]] = vector
    return torch.stack([cache[text] for text in texts])
