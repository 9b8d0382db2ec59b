# hint: minus_100_missing
def next_token_labels(input_ids, attention_mask):
    labels = torch.zeros_like(input_ids)
    labels[:, :-1] = input_ids[:, 1:] * attention_mask[:, 1:]
    return labels
