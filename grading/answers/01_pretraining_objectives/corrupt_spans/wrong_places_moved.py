# hint: places_moved
def corrupt_spans(token_ids, spans, sentinel_ids):
    inputs, labels = list(token_ids), []
    for (start, end), sentinel in zip(spans, sentinel_ids):
        labels += [sentinel] + token_ids[start:end]
        inputs[start:end] = [sentinel]
    return inputs, labels + [sentinel_ids[len(spans)]]
