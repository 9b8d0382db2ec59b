def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, probability=0.15):
    """As in BERT's own code: a fixed share of each text, its places drawn at random."""
    words = special_tokens_mask == 0
    order = torch.rand(input_ids.shape).masked_fill(~words, 2.0).argsort(dim=1).argsort(dim=1)
    chosen = order < (words.sum(dim=1, keepdim=True) * probability).round()
    inputs, labels = input_ids.clone(), input_ids.masked_fill(~chosen, -100)
    fate = torch.rand(input_ids.shape)
    inputs[chosen & (fate < 0.8)] = mask_token_id
    other = chosen & (fate > 0.9)
    inputs[other] = torch.randint(vocab_size, input_ids.shape)[other]
    return [inputs, labels]
