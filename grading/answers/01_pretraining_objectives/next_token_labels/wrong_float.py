# hint: dtype
def next_token_labels(input_ids, attention_mask):
    labels = torch.full(input_ids.shape, -100.0)
    labels[:, :-1] = input_ids[:, 1:].masked_fill(attention_mask[:, 1:] == 0, -100).float()
    return labels
