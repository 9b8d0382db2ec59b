def best_row(rows):
    table = pd.DataFrame(rows)
    best = table.loc[table["accuracy"].idxmax()]
    near = table[table["accuracy"] >= best["accuracy"] - best["spread"]]
    return rows[near["trained"].idxmin()]
