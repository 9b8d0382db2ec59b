# hint: not_one_of_them
def best_row(rows):
    best = max(rows, key=lambda row: row["accuracy"])
    near = [row for row in rows if row["accuracy"] >= best["accuracy"] - best["spread"]]
    row = min(near, key=lambda row: row["trained"])
    return {"targets": row["targets"], "r": row["r"]}
