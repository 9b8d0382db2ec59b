# hint: end_inclusive
def corrupt_spans(token_ids, spans, sentinel_ids):
    inputs, labels, place = [], [], 0
    for (start, end), sentinel in zip(spans, sentinel_ids):
        inputs += token_ids[place:start] + [sentinel]
        labels += [sentinel] + token_ids[start : end + 1]
        place = end + 1
    inputs += token_ids[place:]
    labels += [sentinel_ids[len(spans)]]
    return inputs, labels
