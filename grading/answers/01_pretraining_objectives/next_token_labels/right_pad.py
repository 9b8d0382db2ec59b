def next_token_labels(input_ids, attention_mask):
    real = torch.where(attention_mask.bool(), input_ids, -100)
    return F.pad(real[:, 1:], (0, 1), value=-100)
