# hint: not_shifted
def next_token_labels(input_ids, attention_mask):
    return input_ids.masked_fill(attention_mask == 0, -100)
