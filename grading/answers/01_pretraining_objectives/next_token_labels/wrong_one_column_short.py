# hint: one_column_short
def next_token_labels(input_ids, attention_mask):
    return input_ids[:, 1:].masked_fill(attention_mask[:, 1:] == 0, -100)
