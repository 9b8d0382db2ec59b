# hint: padding_predicted
def next_token_labels(input_ids, attention_mask):
    labels = torch.full_like(input_ids, -100)
    labels[:, :-1] = input_ids[:, 1:]
    labels[attention_mask == 0] = -100
    return labels
