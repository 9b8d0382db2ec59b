# hint: labels_sentinel_after
def corrupt_spans(token_ids, spans, sentinel_ids):
    inputs, labels, place = [], [], 0
    for (start, end), sentinel in zip(spans, sentinel_ids):
        inputs += token_ids[place:start] + [sentinel]
        labels += token_ids[start:end] + [sentinel]
        place = end
    inputs += token_ids[place:]
    labels += [sentinel_ids[len(spans)]]
    return inputs, labels
