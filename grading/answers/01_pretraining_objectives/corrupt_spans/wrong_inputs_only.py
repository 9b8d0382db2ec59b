# hint: returned
def corrupt_spans(token_ids, spans, sentinel_ids):
    inputs, place = [], 0
    for (start, end), sentinel in zip(spans, sentinel_ids):
        inputs += token_ids[place:start] + [sentinel]
        place = end
    return inputs + token_ids[place:]
