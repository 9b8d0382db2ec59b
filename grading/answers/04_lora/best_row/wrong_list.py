# hint: not_a_row
def best_row(rows):
    best = max(rows, key=lambda row: row["accuracy"])
    near = [row for row in rows if row["accuracy"] >= best["accuracy"] - best["spread"]]
    return near
