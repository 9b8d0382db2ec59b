def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, probability=0.15):
    inputs, labels = input_ids.clone(), torch.full_like(input_ids, -100)
    for row, place in (special_tokens_mask == 0).nonzero().tolist():
        if torch.rand(1).item() >= probability:
            continue
        labels[row, place] = input_ids[row, place]
        fate = torch.rand(1).item()
        if fate < 0.8:
            inputs[row, place] = mask_token_id
        elif fate < 0.9:
            inputs[row, place] = torch.randint(vocab_size, (1,)).item()
    return inputs, labels
