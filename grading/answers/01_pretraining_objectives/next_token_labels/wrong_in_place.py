# hint: changed_in_place
def next_token_labels(input_ids, attention_mask):
    input_ids[attention_mask == 0] = -100
    input_ids[:, :-1] = input_ids[:, 1:].clone()
    input_ids[:, -1] = -100
    return input_ids
