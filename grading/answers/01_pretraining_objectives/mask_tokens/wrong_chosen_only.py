# hint: shape
def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, probability=0.15):
    chosen = (torch.rand(input_ids.shape) < probability) & ~special_tokens_mask.bool()
    labels = input_ids.masked_fill(~chosen, -100)
    fate = torch.rand(input_ids.shape)
    inputs = input_ids.masked_fill(chosen & (fate < 0.8), mask_token_id)
    random_ids = torch.randint(vocab_size, input_ids.shape)
    inputs = torch.where(chosen & (fate >= 0.9), random_ids, inputs)
    return inputs, input_ids[chosen]
