# hint: sentinels_counted
def corrupt_spans(token_ids, spans, sentinel_ids):
    inputs, labels, place = [], [], 0
    for i, (start, end) in enumerate(spans):
        sentinel = sentinel_ids[0] + i
        inputs += token_ids[place:start] + [sentinel]
        labels += [sentinel] + token_ids[start:end]
        place = end
    inputs += token_ids[place:]
    labels += [sentinel_ids[len(spans)]]
    return inputs, labels
