# hint: changed_in_place
def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, probability=0.15):
    labels = input_ids
    chosen = (torch.rand(input_ids.shape) < probability) & ~special_tokens_mask.bool()
    inputs = input_ids.clone()
    labels[~chosen] = -100
    fate = torch.rand(input_ids.shape)
    inputs[chosen & (fate < 0.8)] = mask_token_id
    other = chosen & (fate >= 0.9)
    inputs[other] = torch.randint(vocab_size, input_ids.shape)[other]
    return inputs, labels
