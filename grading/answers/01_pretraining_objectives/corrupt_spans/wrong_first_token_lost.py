# hint: labels_value
def corrupt_spans(token_ids, spans, sentinel_ids):
    inputs, labels, place = [], [], 0
    for (start, end), sentinel in zip(spans, sentinel_ids):
        inputs += token_ids[place:start] + [sentinel]
        labels += [sentinel] + token_ids[start + 1 : end]
        place = end
    inputs += token_ids[place:]
    labels += [sentinel_ids[len(spans)]]
    return inputs, labels
