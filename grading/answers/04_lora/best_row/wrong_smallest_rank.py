# hint: smallest_rank
def best_row(rows):
    best = max(rows, key=lambda row: row["accuracy"])
    near = [row for row in rows if row["accuracy"] >= best["accuracy"] - best["spread"]]
    return min(near, key=lambda row: row["r"])
