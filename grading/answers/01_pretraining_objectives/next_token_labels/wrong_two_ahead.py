# hint: two_ahead
def next_token_labels(input_ids, attention_mask):
    labels = torch.full_like(input_ids, -100)
    labels[:, :-2] = input_ids[:, 2:].masked_fill(attention_mask[:, 2:] == 0, -100)
    return labels
