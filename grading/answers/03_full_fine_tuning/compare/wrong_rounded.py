# hint: rounded
def compare(first, second):
    a, b = np.array(first), np.array(second)
    d = a - b
    n = len(d)
    mean = round(d.mean(), 2)
    half = stats.t.ppf(0.975, n - 1) * d.std(ddof=1) / np.sqrt(n)
    winner = "first" if mean > half else "second" if mean < -half else "unclear"
    return {"difference": mean, "low": mean - half, "high": mean + half, "winner": winner}
