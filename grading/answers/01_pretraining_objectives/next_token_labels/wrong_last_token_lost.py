# hint: value
def next_token_labels(input_ids, attention_mask):
    labels = torch.full_like(input_ids, -100)
    labels[:, :-1] = input_ids[:, 1:].masked_fill(attention_mask[:, 1:] == 0, -100)
    last = attention_mask.sum(dim=1) - 2
    labels[torch.arange(len(labels)), last] = -100
    return labels
