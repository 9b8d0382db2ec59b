def next_token_labels(input_ids, attention_mask):
    labels = []
    for ids, mask in zip(input_ids.tolist(), attention_mask.tolist()):
        following = [token if real else -100 for token, real in zip(ids[1:], mask[1:])]
        labels.append([*following, -100])
    return torch.tensor(labels)
