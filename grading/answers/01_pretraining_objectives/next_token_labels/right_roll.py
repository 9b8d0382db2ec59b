def next_token_labels(input_ids, attention_mask):
    labels = input_ids.masked_fill(attention_mask == 0, -100).roll(-1, dims=1)
    labels[:, -1] = -100
    return labels
