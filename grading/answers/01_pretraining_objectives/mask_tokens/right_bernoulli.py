def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, probability=0.15):
    labels = input_ids.clone()
    chances = torch.full(input_ids.shape, probability)
    chances[special_tokens_mask.bool()] = 0.0
    chosen = torch.bernoulli(chances).bool()
    labels[~chosen] = -100
    inputs = input_ids.clone()
    masked = torch.bernoulli(torch.full(input_ids.shape, 0.8)).bool() & chosen
    inputs[masked] = mask_token_id
    swapped = torch.bernoulli(torch.full(input_ids.shape, 0.5)).bool() & chosen & ~masked
    inputs[swapped] = torch.randint(0, vocab_size, (int(swapped.sum()),))
    return inputs, labels
